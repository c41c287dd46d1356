-- On a cluster an owner's index is on another server than the session: whoever writes the session keeps
-- it, and the record says until when it is known to be listed. PROTOCOL.md has the laws.

local function list() end

local function unlist() end

local function is_listed(record)
  return record[OWNER] == '' or record[EXPIRES] <= record[LISTED]
end

local function elsewhere() end
