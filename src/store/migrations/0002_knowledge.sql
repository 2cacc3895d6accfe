-- What editors write on the knowledge base, and what callers asked without an answer.
-- Items are JSON objects as `huiyin kb export` writes them.

CREATE TABLE knowledge_items (
    item_id TEXT NOT NULL PRIMARY KEY,
    stage TEXT NOT NULL,
    draft TEXT,
    served TEXT,
    withdrawn BIGINT NOT NULL,
    authors TEXT NOT NULL,
    reviewer TEXT,
    version BIGINT NOT NULL,
    changed_at BIGINT NOT NULL
);
CREATE INDEX knowledge_items_stage ON knowledge_items (stage);

CREATE TABLE knowledge_history (
    item_id TEXT NOT NULL REFERENCES knowledge_items (item_id),
    seq BIGINT NOT NULL,
    step TEXT NOT NULL,
    actor TEXT NOT NULL,
    why TEXT NOT NULL,
    changes TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (item_id, seq)
);

CREATE TABLE unanswered (
    call_id BIGINT NOT NULL,
    utterance BIGINT NOT NULL,
    why TEXT NOT NULL,
    at BIGINT NOT NULL,
    settled TEXT,
    PRIMARY KEY (call_id, utterance),
    FOREIGN KEY (call_id, utterance) REFERENCES turns (call_id, idx)
);
CREATE INDEX unanswered_at ON unanswered (at);
