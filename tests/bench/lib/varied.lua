-- No two requests alike: carts of one to twelve items for the demo's checkout, and for tests/functions/c/http_function
-- waits of 3 to 33 ms, most of them short, and answers of 200 to 2400 bytes. SEED tells loads apart.
math.randomseed(tonumber(os.getenv("SEED") or 1))
local names = {"tea", "cup", "pot"}

local function cart()
	local items = {}
	for i = 1, math.random(12) do
		items[i] = string.format('{"name": "%s", "count": 1}', names[math.random(3)])
	end
	return wrk.format("POST", nil, nil, "[" .. table.concat(items, ", ") .. "]")
end

local function fetch()
	local ms = 3 + math.floor(30 * math.random() ^ 3)
	local bytes = math.floor(200 * math.exp(2.5 * math.random()))
	return wrk.format("GET", string.format("/?ms=%d&bytes=%d", ms, bytes))
end

request = function()
	return wrk.path == "/checkout" and cart() or fetch()
end
