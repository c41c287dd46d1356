-- KEYS: the owner's index. ARGV: now.
prune(KEYS[1], ARGV[1])
local members = redis.call('ZRANGE', KEYS[1], 0, -1)
table.insert(members, 1, 'keys')
return members
