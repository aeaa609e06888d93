// What serverless offline runs: answers after the milliseconds that it is asked to wait; b fails.
'use strict';
const wait = (event) => new Promise((done) => setTimeout(done, +(event.queryStringParameters?.ms ?? event.ms ?? 0)));

exports.a = async (event) => {
	await wait(event);
	return {statusCode: 200, body: 'ok'};
};

exports.b = async (event) => {
	await wait(event);
	throw new Error('as asked');
};
