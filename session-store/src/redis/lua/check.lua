-- Writes a key and removes it. KEYS: an unused key.
redis.call('SET', KEYS[1], '', 'PX', 1000)
redis.call('DEL', KEYS[1])
return 'done'
