-- Lists a session as an owner's, at least until a moment.
-- KEYS: the owner's index. ARGV: now, digest, until.
prune(KEYS[1], ARGV[1])
redis.call('ZADD', KEYS[1], 'GT', ceiling(ARGV[3]), ARGV[2])
keep(KEYS[1])
return 'done'
