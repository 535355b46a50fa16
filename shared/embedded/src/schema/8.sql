-- When the webhook endpoint received the event of a message: a message that is requeued is a new one.
ALTER TABLE messages ADD COLUMN received_at INTEGER;
UPDATE messages SET received_at = (
    SELECT CAST(unixepoch(body ->> '$.receivedtime', 'subsec') * 1000000 AS INTEGER) FROM bodies
        WHERE bodies.id = messages.id AND json_valid(body));
