"""The transitions of a pool's state in Redis, as Lua: each is carried out as a whole.

All keys of a pool have its id in braces, so that they are on one node of a cluster. The hash ``pool`` says whether it is
open, and who is at each slice (``owner:``). The sorted set ``leases`` has the moment at which a slice counts as lost: the end
of a lease that heartbeats renew, or of the time in which its message is taken up. The clock is the server's.
"""

_HEAD = """
local S, L = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local state = redis.call('HGET', S, 'state')
"""

OPEN = """
redis.call('HSET', KEYS[1], 'state', 'open', 'lease', ARGV[1])
redis.call('EXPIRE', KEYS[1], ARGV[2])
"""
"""Begin a pool."""

PUT = (
    _HEAD
    + """
if state ~= 'open' then return 0 end
redis.call('HSET', KEYS[3], ARGV[1], ARGV[2])
redis.call('ZADD', L, now + tonumber(ARGV[3]), ARGV[1])
redis.call('EXPIRE', KEYS[3], ARGV[4])
redis.call('EXPIRE', L, ARGV[4])
return 1
"""
)
"""Store a slice, for whoever gets its message: 0 when the pool is gone."""

CLAIM = (
    _HEAD
    + """
if state ~= 'open' then return {'over'} end
local data = redis.call('HGET', KEYS[3], ARGV[1])
if not data then return {'gone'} end
redis.call('HDEL', KEYS[3], ARGV[1])
redis.call('HSET', S, 'owner:' .. ARGV[1], ARGV[2])
redis.call('ZADD', L, now + tonumber(redis.call('HGET', S, 'lease')), ARGV[1])
return {'mine', data}
"""
)
"""Take up a slice. Whoever comes later finds it gone: its message was delivered twice."""

BEAT = (
    _HEAD
    + """
if not state then return {'gone'} end
local found = {state}
for n = 1, #ARGV, 2 do
  local is_mine = redis.call('HGET', S, 'owner:' .. ARGV[n]) == ARGV[n + 1]
  if is_mine then redis.call('ZADD', L, now + tonumber(redis.call('HGET', S, 'lease')), ARGV[n]) end
end
return found
"""
)
"""Renew the leases of a process; return the state of the pool, ``gone`` when there is none."""

DONE = (
    _HEAD
    + """
if not state or redis.call('HGET', S, 'owner:' .. ARGV[1]) ~= ARGV[2] then return 0 end
redis.call('HDEL', S, 'owner:' .. ARGV[1], 'again:' .. ARGV[1])
redis.call('ZREM', L, ARGV[1])
redis.call('HSET', KEYS[3], ARGV[1], ARGV[3])
redis.call('RPUSH', KEYS[4], ARGV[1])
redis.call('EXPIRE', KEYS[3], ARGV[4])
redis.call('EXPIRE', KEYS[4], ARGV[4])
return 1
"""
)
"""Store the answer to a slice and wake the client: 0 when the slice counts as lost, and others do its tasks."""

FETCH = """
if redis.call('HSTRLEN', KEYS[1], ARGV[1]) > tonumber(ARGV[2]) then
  redis.call('HDEL', KEYS[1], ARGV[1])
  return 'large'
end
return redis.call('HGET', KEYS[1], ARGV[1])
"""
"""Return an answer; ``large`` when it is longer than an answer may be."""

TEND = (
    _HEAD
    + """
if not state then return {'gone'} end
local lease, expire = tonumber(redis.call('HGET', S, 'lease')), tonumber(ARGV[1])
for _, key in ipairs(KEYS) do redis.call('EXPIRE', key, expire) end
local lost, again = {}, {}
for _, n in ipairs(redis.call('ZRANGEBYSCORE', L, '-inf', now)) do
  if redis.call('HGET', S, 'owner:' .. n) then
    redis.call('HDEL', S, 'owner:' .. n, 'again:' .. n)
    redis.call('ZREM', L, n)
    lost[#lost + 1] = n
  end
end
-- The worker that was lost may have had messages in reserve, too.
local until_when = #lost > 0 and '+inf' or now
for _, n in ipairs(redis.call('ZRANGEBYSCORE', L, '-inf', until_when)) do
  if not redis.call('HGET', S, 'owner:' .. n) then
    local times = redis.call('HINCRBY', S, 'again:' .. n, 1)
    redis.call('ZADD', L, now + lease * 2 ^ math.min(times, 6), n)
    again[#again + 1] = n
  end
end
return {state, lost, again, redis.call('HKEYS', KEYS[4])}
"""
)
"""Look after a pool: keep its keys, and return its state, the slices that were lost, those whose messages are to be sent again,
and those that have answers."""

STOP = (
    _HEAD
    + """
if not state then return {} end
redis.call('HSET', S, 'state', 'stopped')
local waiting = redis.call('HKEYS', KEYS[3])
for _, n in ipairs(waiting) do redis.call('ZREM', L, n) end
redis.call('DEL', KEYS[3])
return waiting
"""
)
"""Stop a pool; return the slices that nobody has taken up, and nobody will."""
