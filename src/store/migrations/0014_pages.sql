-- What the caller's words to an agent brought: contents of fields that were blank, the newest of each, with the words that
-- they rest on.
CREATE TABLE proposals (
    call_id BIGINT NOT NULL REFERENCES calls (id),
    slot TEXT NOT NULL,
    value TEXT NOT NULL,
    code TEXT,
    source TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (call_id, slot)
);
CREATE TABLE proposal_evidence (
    call_id BIGINT NOT NULL REFERENCES calls (id),
    slot TEXT NOT NULL,
    n BIGINT NOT NULL,
    utterance BIGINT NOT NULL,
    start_ms BIGINT NOT NULL,
    end_ms BIGINT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (call_id, slot, n)
);

-- Items of the knowledge base that the caller's words to an agent came near.
CREATE TABLE assist_hits (
    call_id BIGINT NOT NULL REFERENCES calls (id),
    utterance BIGINT NOT NULL,
    n BIGINT NOT NULL,
    item TEXT NOT NULL,
    confidence DOUBLE PRECISION NOT NULL,
    PRIMARY KEY (call_id, utterance, n)
);

-- Citizens' own word on the robot's answers. Rows are only ever added: of an answer the last one counts.
CREATE TABLE thumbs (
    call_id BIGINT NOT NULL REFERENCES calls (id),
    seq BIGINT NOT NULL,
    utterance BIGINT NOT NULL,
    up BIGINT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (call_id, seq)
);
CREATE INDEX thumbs_at ON thumbs (at);

-- Photos of citizens. The files lie beside the recordings.
CREATE TABLE photos (
    call_id BIGINT NOT NULL REFERENCES calls (id),
    n BIGINT NOT NULL,
    width BIGINT NOT NULL,
    height BIGINT NOT NULL,
    sha256 TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (call_id, n)
);
