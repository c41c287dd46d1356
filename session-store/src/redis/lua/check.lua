-- Writes, and leaves nothing. KEYS: one that nothing has.
redis.call('SET', KEYS[1], '', 'PX', 1000)
redis.call('DEL', KEYS[1])
return 'done'
