// The smallest HTTP function of Node: two bytes for every request, on $PORT.
require('http').createServer((request, response) => response.end('ok')).listen(Number(process.env.PORT), '127.0.0.1');
