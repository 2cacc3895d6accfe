-- Callbacks: why a citizen is asked, every attempt before it is made, samples with their draws, who is not called any more,
-- what was done about unhappy answers, and the chain of records over all of it.

ALTER TABLE surveys ADD COLUMN origin TEXT NOT NULL DEFAULT 'closed';
ALTER TABLE surveys ADD COLUMN campaign_id BIGINT;
CREATE INDEX surveys_ticket ON surveys (ticket_id);
CREATE INDEX surveys_campaign ON surveys (campaign_id);

CREATE TABLE survey_dials (
    survey_id BIGINT NOT NULL REFERENCES surveys (id),
    attempt BIGINT NOT NULL,
    call_id BIGINT,
    at BIGINT NOT NULL,
    PRIMARY KEY (survey_id, attempt)
);

CREATE TABLE survey_ends (
    survey_id BIGINT NOT NULL PRIMARY KEY REFERENCES surveys (id),
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    outcome TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE survey_asks (
    survey_id BIGINT NOT NULL PRIMARY KEY,
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    why TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE campaigns (
    id BIGINT NOT NULL PRIMARY KEY,
    name TEXT NOT NULL,
    stratum TEXT NOT NULL,
    rate BIGINT NOT NULL,
    seed TEXT NOT NULL,
    draw_at BIGINT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL
);

CREATE TABLE campaign_draws (
    campaign_id BIGINT NOT NULL PRIMARY KEY REFERENCES campaigns (id),
    algorithm TEXT NOT NULL,
    population BIGINT NOT NULL,
    digest TEXT NOT NULL,
    chosen BIGINT NOT NULL,
    chosen_digest TEXT NOT NULL,
    at BIGINT NOT NULL
);

-- Everybody the draw was made among; `place` is that of a chosen one, from 1.
CREATE TABLE campaign_members (
    campaign_id BIGINT NOT NULL REFERENCES campaigns (id),
    ticket_id BIGINT NOT NULL REFERENCES tickets (id),
    place BIGINT,
    PRIMARY KEY (campaign_id, ticket_id)
);
CREATE INDEX campaign_members_ticket ON campaign_members (ticket_id);

CREATE TABLE do_not_call (
    seq BIGINT NOT NULL PRIMARY KEY,
    number TEXT NOT NULL,
    active BIGINT NOT NULL,
    survey_id BIGINT,
    why TEXT NOT NULL,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL
);
CREATE INDEX do_not_call_number ON do_not_call (number);
CREATE INDEX do_not_call_survey ON do_not_call (survey_id);

ALTER TABLE verifications ADD COLUMN due_at BIGINT;
ALTER TABLE verifications ADD COLUMN unit TEXT;
ALTER TABLE verifications ADD COLUMN outcome TEXT;
CREATE INDEX verifications_survey ON verifications (survey_id);

CREATE TABLE verification_steps (
    verification_id BIGINT NOT NULL REFERENCES verifications (id),
    seq BIGINT NOT NULL,
    step TEXT NOT NULL,
    unit TEXT,
    outcome TEXT,
    result TEXT,
    actor TEXT NOT NULL,
    at BIGINT NOT NULL,
    PRIMARY KEY (verification_id, seq)
);

-- Only ever added to. `kind` and `subject` name the row that a record is of; hashes are hexadecimal.
CREATE TABLE survey_records (
    seq BIGINT NOT NULL PRIMARY KEY,
    kind TEXT NOT NULL,
    subject TEXT NOT NULL,
    survey_id BIGINT,
    body TEXT NOT NULL,
    prev TEXT NOT NULL,
    hash TEXT NOT NULL
);
CREATE INDEX survey_records_survey ON survey_records (survey_id);

-- What was there before.
INSERT INTO survey_dials (survey_id, attempt, at)
    SELECT a.survey_id, a.attempt, a.at FROM survey_attempts a
    WHERE a.outcome NOT IN ('attempts_used', 'reopened', 'no_number', 'no_ticket');
DELETE FROM survey_attempts WHERE outcome IN ('attempts_used', 'reopened', 'no_number', 'no_ticket');
UPDATE surveys SET outcome = 'ended' WHERE state = 'ended' AND outcome IS NULL;
INSERT INTO survey_ends (survey_id, ticket_id, outcome, at)
    SELECT id, ticket_id, outcome, changed_at FROM surveys WHERE state = 'ended';
UPDATE verifications SET outcome = 'confirmed', result = COALESCE(result, ''), actor = COALESCE(actor, '')
    WHERE closed_at IS NOT NULL;
INSERT INTO verification_steps (verification_id, seq, step, outcome, result, actor, at)
    SELECT id, 1, 'close', 'confirmed', result, actor, closed_at
    FROM verifications WHERE closed_at IS NOT NULL;
