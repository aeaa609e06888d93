// An HTTP function for @google-cloud/functions-framework: ?ms=20 waits, ?status=503 answers so.
exports.work = async (request, response) => {
	await new Promise((done) => setTimeout(done, Number(request.query.ms || 0)));
	response.status(Number(request.query.status || 200)).send('done');
};
// The least that one can do: two bytes.
exports.quick = (request, response) => response.send('ok');
