-- What is looked for every minute, and repeats that staff have linked.

-- The ticket that it was merged into, kept when it is closed with that one; none once it is handled anew.
ALTER TABLE tickets ADD COLUMN part_of BIGINT;
UPDATE tickets SET part_of = merged_into WHERE merged_into IS NOT NULL;
-- Closed and not archived: few of all.
CREATE INDEX tickets_over ON tickets (id, changed_at) WHERE state IN ('closed', 'called_back');
CREATE INDEX verifications_ticket ON verifications (ticket_id) WHERE closed_at IS NULL;
