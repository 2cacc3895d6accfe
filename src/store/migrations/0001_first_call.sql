-- Times are Unix milliseconds; positions are milliseconds from the start of the call's recording.
-- Written so that SQLite and PostgreSQL both run it.

CREATE TABLE calls (
    id BIGINT NOT NULL PRIMARY KEY,
    direction TEXT NOT NULL,
    number TEXT,
    state TEXT NOT NULL,
    outcome TEXT,
    started_at BIGINT NOT NULL,
    ended_at BIGINT
);
CREATE INDEX calls_ended ON calls (ended_at);

CREATE TABLE turns (
    call_id BIGINT NOT NULL REFERENCES calls (id),
    idx BIGINT NOT NULL,
    speaker TEXT NOT NULL,
    text TEXT NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    latency_ms BIGINT,
    cut_short BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (call_id, idx)
);

CREATE TABLE pressed_keys (
    call_id BIGINT NOT NULL REFERENCES calls (id),
    at_ms BIGINT NOT NULL,
    pressed TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX pressed_keys_call ON pressed_keys (call_id);

CREATE TABLE tickets (
    id BIGINT NOT NULL PRIMARY KEY,
    call_id BIGINT NOT NULL REFERENCES calls (id),
    state TEXT NOT NULL,
    agent BIGINT,
    result TEXT,
    survey_id BIGINT,
    opened_at BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX tickets_state ON tickets (state);
CREATE INDEX tickets_call ON tickets (call_id);

CREATE TABLE ticket_fields (
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    slot TEXT NOT NULL,
    value TEXT NOT NULL,
    code TEXT,
    source TEXT NOT NULL,
    PRIMARY KEY (ticket_id, slot)
);

CREATE TABLE field_evidence (
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    slot TEXT NOT NULL,
    n BIGINT NOT NULL,
    utterance BIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (ticket_id, slot, n)
);

CREATE TABLE ticket_events (
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    seq BIGINT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,
    why TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (ticket_id, seq)
);

CREATE TABLE agent_states (
    agent BIGINT NOT NULL PRIMARY KEY,
    state TEXT NOT NULL,
    call_id BIGINT,
    at BIGINT NOT NULL
);

CREATE TABLE surveys (
    id BIGINT NOT NULL PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    state TEXT NOT NULL,
    outcome TEXT,
    attempt BIGINT NOT NULL,
    due_at BIGINT NOT NULL,
    call_id BIGINT,
    changed_at BIGINT NOT NULL
);
CREATE INDEX surveys_state ON surveys (state);

CREATE TABLE survey_attempts (
    survey_id BIGINT NOT NULL REFERENCES surveys (id),
    attempt BIGINT NOT NULL,
    outcome TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (survey_id, attempt)
);

CREATE TABLE survey_answers (
    survey_id BIGINT NOT NULL REFERENCES surveys (id),
    seq BIGINT NOT NULL,
    call_id BIGINT NOT NULL REFERENCES calls (id),
    question TEXT NOT NULL,
    value TEXT NOT NULL,
    words TEXT,
    pressed TEXT,
    utterance BIGINT,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    confidence DOUBLE PRECISION,
    confirmed BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (survey_id, seq)
);

CREATE TABLE verifications (
    id BIGINT NOT NULL PRIMARY KEY,
    survey_id BIGINT NOT NULL REFERENCES surveys (id),
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    reason TEXT NOT NULL,
    opened_at BIGINT NOT NULL,
    closed_at BIGINT,
    result TEXT,
    actor TEXT
);
