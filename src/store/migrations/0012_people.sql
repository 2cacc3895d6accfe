-- Who was on a call beside its caller, as what and how long.
CREATE TABLE call_parties (
    call_id BIGINT NOT NULL,
    leg BIGINT NOT NULL,
    -- A work number, or the code and name of somebody who is no agent.
    agent BIGINT,
    code TEXT,
    name TEXT NOT NULL,
    -- serves, asked, joined, listens, whispers, barges: the last of them.
    part TEXT NOT NULL,
    rang_at BIGINT NOT NULL,
    up_at BIGINT,
    gone_at BIGINT,
    PRIMARY KEY (call_id, leg)
);
CREATE INDEX call_parties_there ON call_parties (call_id) WHERE gone_at IS NULL;

-- What supervisors have written to agents: the last of each agent.
CREATE TABLE agent_messages (
    id BIGINT NOT NULL PRIMARY KEY,
    agent BIGINT NOT NULL,
    text TEXT NOT NULL,
    author TEXT NOT NULL,
    at BIGINT NOT NULL,
    seen_at BIGINT
);
CREATE INDEX agent_messages_agent ON agent_messages (agent, id);
