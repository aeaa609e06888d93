// Spans of a Lambda function, sent by OpenTelemetry's own SDK: spans.js URL FUNCTION proto|json [gzip]
// Ten invocations, the first one cold, two that fail; and two spans that are none, one inside an invocation, one
// of a call to another function.
const { trace, SpanKind, SpanStatusCode, ROOT_CONTEXT } = require('@opentelemetry/api');
const { BasicTracerProvider, BatchSpanProcessor } = require('@opentelemetry/sdk-trace-base');
const { resourceFromAttributes } = require('@opentelemetry/resources');

const [url, name, encoding, compression] = process.argv.slice(2);
const { OTLPTraceExporter } = require(`@opentelemetry/exporter-trace-otlp-${encoding === 'json' ? 'http' : 'proto'}`);
const exporter = new OTLPTraceExporter({ url, compression: compression || 'none' });
const provider = new BasicTracerProvider({
	resource: resourceFromAttributes({
		'cloud.provider': 'aws',
		'cloud.platform': 'aws_lambda',
		'cloud.region': 'eu-central-1',
		'faas.name': name,
		'faas.version': '7',
		'faas.instance': 'a-sandbox',
		'faas.max_memory': 256 * 1024 * 1024,
		'host.name': 'a-host',
	}),
	spanProcessors: [new BatchSpanProcessor(exporter)],
});
const tracer = provider.getTracer('test');
const start = Date.now() - 60000;

function span(kind, startMs, attributes, context) {
	return tracer.startSpan(name, { kind, startTime: startMs, attributes }, context || ROOT_CONTEXT);
}

for (let i = 0; i < 10; i++) {
	const at = start + i * 100;
	const event = span(SpanKind.SERVER, at, {
		'faas.invocation_id': `request-${i}`,
		'faas.trigger': 'http',
		'faas.coldstart': i === 0,
		'http.response.status_code': i === 9 ? 500 : 200,
	});

	if (i === 5) {
		const inside = trace.setSpan(ROOT_CONTEXT, event);
		span(SpanKind.SERVER, at + 1, { 'http.route': '/' }, inside).end(at + 2);
		span(SpanKind.CLIENT, at + 1, { 'faas.invoked_name': 'other' }, inside).end(at + 2);
	}
	if (i === 8)
		event.setStatus({ code: SpanStatusCode.ERROR, message: 'it broke' });
	event.end(at + 20);
}

// what the exporter says of each request, for shutdown() swallows it
let failed = '';
const send = exporter.export.bind(exporter);
exporter.export = (spans, done) =>
	send(spans, (result) => {
		failed += result.code === 0 ? '' : `${result.error}`;
		done(result);
	});
provider.shutdown().then(() => console.log(`sent 12 spans: ${failed || 'ok'}`));
