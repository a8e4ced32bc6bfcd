"""The transitions of a run's state, as Lua: Redis carries each out as a whole, so that of two workers one can make it.

All keys of a run have its id in braces, so that they are on one node of a cluster. A run consists of *units*, each of which
one message carries: a lane (``lane:0``), a part of a split document (``part:7:3``), the end (``finish``). The hash of the
state has for each unit the number of its valid message (``seq:``), who is at it (``owner:``), how many workers were lost
with it (``lost:``), how often its message was sent again (``again:``) and its document (``doc:``). A sorted set has the moment
at which each unit counts as lost: the end of a lease that heartbeats renew, or of the time in which a message is taken up. The
clock is the server's, so that those of the workers need not agree.
"""

_HEAD = """
local S, U = KEYS[1], KEYS[2]
local time = redis.call('TIME')
local now = tonumber(time[1]) + tonumber(time[2]) / 1000000
local function put(u, lease)
  redis.call('ZADD', U, now + lease, u)
  return redis.call('HINCRBY', S, 'seq:' .. u, 1)
end
local function drop(u)
  redis.call('ZREM', U, u)
  redis.call('HDEL', S, 'seq:' .. u, 'owner:' .. u, 'lost:' .. u, 'again:' .. u, 'doc:' .. u)
end
local function is_mine(u, me)
  return redis.call('HGET', S, 'state') == 'processing' and redis.call('HGET', S, 'owner:' .. u) == me
end
local function finish(state, lease)
  redis.call('HSET', S, 'state', state, 'ended', tostring(now))
  redis.call('HINCRBY', S, 'revision', 1)
  redis.call('DEL', U)
  put('finish', lease)
end
"""

START = (
    _HEAD
    + """
local lanes, lease, expire = tonumber(ARGV[1]), tonumber(ARGV[2]), tonumber(ARGV[3])
if redis.call('HSETNX', S, 'total', ARGV[4]) == 0 then return 0 end
for n = 5, #ARGV, 2 do redis.call('HSET', S, ARGV[n], ARGV[n + 1]) end
redis.call('HSET', S, 'state', 'processing', 'next', 0, 'processed', 0, 'revision', 1, 'started', tostring(now))
for k = 0, lanes - 1 do put('lane:' .. k, lease) end
if tonumber(ARGV[4]) == 0 then finish('completed', lease) end
redis.call('EXPIRE', S, expire)
redis.call('EXPIRE', U, expire)
return 1
"""
)
"""Begin a run: 0 when it has begun before."""

CLAIM = (
    _HEAD
    + """
local D, u, seq, me, lease, version = KEYS[3], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4]), ARGV[5]
if redis.call('HGET', S, 'state') ~= 'processing' then return {'over'} end
local wanted = redis.call('HGET', S, 'version')
if wanted ~= version then return {'version', wanted} end
if redis.call('HGET', S, 'seq:' .. u) ~= seq then return {'stale'} end
if redis.call('HGET', S, 'owner:' .. u) then
  if tonumber(redis.call('ZSCORE', U, u) or '0') > now then return {'busy'} end
  redis.call('HINCRBY', S, 'lost:' .. u, 1)
end
local i = redis.call('HGET', S, 'doc:' .. u)
if not i then
  i = tonumber(redis.call('HGET', S, 'next'))
  if i >= tonumber(redis.call('HGET', S, 'total')) then
    drop(u)
    return {'none'}
  end
  redis.call('HSET', S, 'next', i + 1, 'doc:' .. u, i)
end
redis.call('HSET', S, 'owner:' .. u, me)
redis.call('HDEL', S, 'again:' .. u)
redis.call('ZADD', U, now + lease, u)
return {'mine', tostring(i), redis.call('HGET', D, i), redis.call('HGET', S, 'lost:' .. u) or '0',
        redis.call('HGET', S, 'join:' .. i) or '', redis.call('HGET', S, 'seconds:' .. i) or '0',
        redis.call('HGET', S, 'retries:' .. i) or '0'}
"""
)
"""Take up a unit. A lane without a document gets the next one; the answer begins with what came of it."""

BEAT = (
    _HEAD
    + """
local u, me, lease = ARGV[1], ARGV[2], tonumber(ARGV[3])
if redis.call('HGET', S, 'state') ~= 'processing' then return 'over' end
if not is_mine(u, me) then return 'lost' end
redis.call('ZADD', U, now + lease, u)
local shown, revision = tonumber(redis.call('HGET', S, 'shown') or '0'), redis.call('HGET', S, 'revision')
if now - shown < 5 and redis.call('HGET', S, 'shown_revision') == revision then return 'mine' end
redis.call('HSET', S, 'shown', tostring(now), 'shown_revision', revision)
return 'show'
"""
)
"""Renew a lease; ``show`` when the status should be written, because it has changed or is old."""

DONE = (
    _HEAD
    + """
local R, P, u, me, i, line = KEYS[3], KEYS[4], ARGV[1], ARGV[2], ARGV[3], ARGV[4]
local lease, expire = tonumber(ARGV[5]), tonumber(ARGV[6])
if not is_mine(u, me) or redis.call('HGET', S, 'doc:' .. u) ~= i then return {0, 0, 0} end
for n = 7, #ARGV, 2 do redis.call('HINCRBY', S, ARGV[n], ARGV[n + 1]) end
redis.call('HSET', R, i, line)
redis.call('DEL', P)
redis.call('HDEL', S, 'owner:' .. u, 'lost:' .. u, 'doc:' .. u, 'join:' .. i, 'lane:' .. i, 'left:' .. i, 'parts:' .. i,
           'sent:' .. i, 'seconds:' .. i, 'retries:' .. i)
for _, key in ipairs({S, R, KEYS[5]}) do redis.call('EXPIRE', key, expire) end
local total, revision = tonumber(redis.call('HGET', S, 'total')), redis.call('HINCRBY', S, 'revision', 1)
if redis.call('HINCRBY', S, 'processed', 1) == total then
  finish('completed', lease)
  return {2, 0, 1}
end
local show = 0
if now - tonumber(redis.call('HGET', S, 'shown') or '0') > 0.1 then
  redis.call('HSET', S, 'shown', tostring(now), 'shown_revision', revision)
  show = 1
end
if tonumber(redis.call('HGET', S, 'next')) >= total then
  drop(u)
  return {1, 0, show}
end
return {1, put(u, lease), show}
"""
)
"""Count a document, once. Returns 0 (it was not the caller's any more), 1 (counted) or 2 (it was the last one), the number of
the lane's next message, and whether to show the status."""

SPLIT = (
    _HEAD
    + """
local P, u, me, i, lease = KEYS[3], ARGV[1], ARGV[2], ARGV[3], tonumber(ARGV[4])
local count, ahead, expire = tonumber(ARGV[5]), tonumber(ARGV[6]), tonumber(ARGV[7])
if not is_mine(u, me) or redis.call('HGET', S, 'doc:' .. u) ~= i then return -1 end
redis.call('HSET', P, 'split', ARGV[8], 'skipped', ARGV[9])
redis.call('EXPIRE', P, expire)
redis.call('HDEL', S, 'owner:' .. u, 'lost:' .. u)
redis.call('HSET', S, 'lane:' .. i, u, 'left:' .. i, count, 'parts:' .. i, count, 'sent:' .. i, math.min(ahead, count),
           'seconds:' .. i, ARGV[10])
if count == 0 then
  redis.call('HSET', S, 'join:' .. i, 1)
  return put(u, lease)
end
redis.call('ZREM', U, u)
redis.call('HINCRBY', S, 'seq:' .. u, 1)
for p = 0, math.min(ahead, count) - 1 do
  local part = 'part:' .. i .. ':' .. p
  redis.call('HSET', S, 'doc:' .. part, i)
  put(part, lease)
end
return 0
"""
)
"""Lay the lane's document aside until its parts are read. Returns -1 when it is not the caller's any more, and the number of
the lane's message when there are no parts."""

PART_DONE = (
    _HEAD
    + """
local P, u, me, i, p, lease = KEYS[3], ARGV[1], ARGV[2], ARGV[3], ARGV[4], tonumber(ARGV[5])
if not is_mine(u, me) then return {'', 0} end
drop(u)
redis.call('HSET', P, p, ARGV[6])
redis.call('HINCRBYFLOAT', S, 'seconds:' .. i, ARGV[7])
redis.call('HINCRBY', S, 'retries:' .. i, ARGV[8])
if redis.call('HINCRBY', S, 'left:' .. i, -1) == 0 then
  redis.call('HSET', S, 'join:' .. i, 1)
  local lane = redis.call('HGET', S, 'lane:' .. i)
  return {lane, put(lane, lease)}
end
local sent = tonumber(redis.call('HGET', S, 'sent:' .. i))
if sent >= tonumber(redis.call('HGET', S, 'parts:' .. i)) then return {'', 0} end
redis.call('HINCRBY', S, 'sent:' .. i, 1)
local part = 'part:' .. i .. ':' .. sent
redis.call('HSET', S, 'doc:' .. part, i)
return {part, put(part, lease)}
"""
)
"""Keep what a part gave, once; return the unit that comes next, and its message: the next part, or the lane after the last."""

SWEEP = (
    _HEAD
    + """
local lease, units = tonumber(ARGV[1]), {}
if redis.call('EXISTS', S) == 0 then return {'gone'} end
for _, u in ipairs(redis.call('ZRANGEBYSCORE', U, '-inf', now, 'LIMIT', 0, 100)) do
  if redis.call('HGET', S, 'owner:' .. u) then
    redis.call('HDEL', S, 'owner:' .. u)
    redis.call('HINCRBY', S, 'lost:' .. u, 1)
    redis.call('HINCRBY', S, 'seq:' .. u, 1)
  end
  local again = redis.call('HINCRBY', S, 'again:' .. u, 1)
  redis.call('ZADD', U, now + lease * 2 ^ math.min(again, 8), u)
  units[#units + 1] = u
  units[#units + 1] = redis.call('HGET', S, 'seq:' .. u)
end
return units
"""
)
"""Return the units that were lost, and their messages, which the caller sends. What waits for a worker is sent again ever more
seldom."""

END = (
    _HEAD
    + """
if redis.call('HGET', S, 'state') ~= 'processing' then return 0 end
redis.call('HSET', S, 'reason', ARGV[2])
finish(ARGV[1], tonumber(ARGV[3]))
return 1
"""
)
"""End a run before its documents have ended: 0 when it has ended already."""

SHOW = """
local found = redis.call('GET', KEYS[1])
if found then
  local is_json, old = pcall(cjson.decode, found)
  if is_json and type(old) == 'table' then
    if old.task_id == ARGV[1] and (tonumber(old.revision) or 0) > tonumber(ARGV[2]) then return 0 end
    if old.task_id ~= ARGV[1] and type(old.started_at) == 'string' and old.started_at > ARGV[3] then return 0 end
  end
end
redis.call('SET', KEYS[1], ARGV[4], 'EX', ARGV[5])
redis.call('PUBLISH', KEYS[1], ARGV[4])
return 1
"""
"""Write a status, unless a newer one is there, of this run or of a later one of the same batch."""
