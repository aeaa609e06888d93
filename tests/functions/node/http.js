// An HTTP function for @google-cloud/functions-framework: ?ms=20 waits, ?status=503 answers so. It writes the time
// that each request spent in it, in milliseconds, to the file in $TRUTH.
const fs = require('fs');
const truth = process.env.TRUTH ? fs.openSync(process.env.TRUTH, 'a') : -1;

exports.work = async (request, response) => {
	const start = process.hrtime.bigint();

	await new Promise((done) => setTimeout(done, Number(request.query.ms || 0)));
	if (truth >= 0)
		fs.writeSync(truth, `${Number(process.hrtime.bigint() - start) / 1e6}\n`);
	response.status(Number(request.query.status || 200)).send('done');
};
