// A Lambda handler for aws-lambda-ric: {"ms":20} waits, {"fail":1} throws, {"exit":3} ends the process.
exports.handler = async (event) => {
	if (event.ms)
		await new Promise((done) => setTimeout(done, event.ms));
	if (event.fail)
		throw new Error('asked to fail');
	if (event.exit)
		process.exit(event.exit);
	return { waited: event.ms || 0 };
};
