-- The whole life of a ticket. What stands here is the fold of its events, kept for lists and lights; every event has its
-- full payload, so that any of it can be computed again.

-- Code of the unit that owns it, and that unit's level; absent before it is dispatched.
ALTER TABLE tickets ADD COLUMN unit TEXT;
ALTER TABLE tickets ADD COLUMN level TEXT;
-- Division code of the place and code of the category; absent where they are not known.
ALTER TABLE tickets ADD COLUMN place TEXT;
ALTER TABLE tickets ADD COLUMN category TEXT;
-- The clock that it runs on: code of a rule pack and of one of its procedures.
ALTER TABLE tickets ADD COLUMN pack TEXT;
ALTER TABLE tickets ADD COLUMN procedure TEXT;
-- The next open deadline: the limit's code, its duty, when it is over, from when the light is yellow. All absent where no
-- limit runs; due_at alone absent while a pause holds the clock.
ALTER TABLE tickets ADD COLUMN limit_code TEXT;
ALTER TABLE tickets ADD COLUMN duty TEXT;
ALTER TABLE tickets ADD COLUMN due_at BIGINT;
ALTER TABLE tickets ADD COLUMN yellow_at BIGINT;
ALTER TABLE tickets ADD COLUMN supervised BIGINT NOT NULL DEFAULT 0;
ALTER TABLE tickets ADD COLUMN secret BIGINT NOT NULL DEFAULT 0;
-- The number of its events: who changes it says which was the last that they saw.
ALTER TABLE tickets ADD COLUMN version BIGINT NOT NULL DEFAULT 0;
-- The ticket that it was merged into.
ALTER TABLE tickets ADD COLUMN merged_into BIGINT;
UPDATE tickets SET version = (SELECT COUNT(*) FROM ticket_events e WHERE e.ticket_id = tickets.id);

CREATE INDEX tickets_due ON tickets (due_at) WHERE due_at IS NOT NULL;
CREATE INDEX tickets_unit ON tickets (unit, state, due_at) WHERE unit IS NOT NULL;
CREATE INDEX tickets_merged ON tickets (merged_into) WHERE merged_into IS NOT NULL;

-- Who did it by role: robot, system, agent, desk, unit, supervisor. The payload is JSON with its own version; rows from
-- before this migration have none, and their tickets one event `carried` that says how they stood.
ALTER TABLE ticket_events ADD COLUMN role TEXT NOT NULL DEFAULT 'system';
ALTER TABLE ticket_events ADD COLUMN payload TEXT;
-- Events of all tickets in the order in which they were kept.
CREATE INDEX ticket_events_at ON ticket_events (at);
CREATE INDEX ticket_events_bare ON ticket_events (ticket_id) WHERE payload IS NULL;
