-- Why an agent is away: a code of the queue's plan.
ALTER TABLE agent_states ADD COLUMN reason TEXT;

-- What became of every wait for a person. Who comes back to the queue after a talk that broke waits anew.
CREATE TABLE queue_waits (
    -- The call that asked for a person, and the one that they are on: another one once they are called back.
    call_id BIGINT NOT NULL,
    line_id BIGINT NOT NULL,
    entered_at BIGINT NOT NULL,
    group_code TEXT NOT NULL,
    priority TEXT NOT NULL,
    -- A callback was chosen instead of waiting.
    promised_at BIGINT,
    answered_at BIGINT,
    agent BIGINT,
    waited_ms BIGINT,
    -- Without an answer: left, nobody, full, not_reached, interrupted.
    left_at BIGINT,
    why TEXT,
    talk_ms BIGINT,
    wrap_up_ms BIGINT,
    code TEXT,
    PRIMARY KEY (call_id, entered_at)
);
CREATE INDEX queue_waits_entered ON queue_waits (entered_at);
CREATE INDEX queue_waits_line ON queue_waits (line_id, entered_at);
