-- KEYS: the owner's index. ARGV: now, digests.
prune(KEYS[1], ARGV[1])
for i = 2, #ARGV do redis.call('ZREM', KEYS[1], ARGV[i]) end
keep(KEYS[1])
return 'done'
