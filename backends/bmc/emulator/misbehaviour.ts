/** Answers that no client should come to harm by. */
import type { ServerResponse } from 'node:http';
import type { Faults } from './faults.ts';

const HUGE_BYTES = 64 * 1024 * 1024;
const DEEP = 100_000;
const CHUNK = Buffer.alloc(65_536, 'x');
const DRIP_MS = 20;
/** Where a client must not go. */
export const ELSEWHERE = 'http://127.0.0.1:9/elsewhere';

/** True where the request has had its answer, such as it is. */
export function misbehave(faults: Faults, path: string, response: ServerResponse): boolean {
  if (faults.take('hangs')) return true;
  if (faults.take('unavailable')) return answer(response, 503, '{}');
  if (faults.take('longMessage')) {
    const message = `first line\nsecond line\u001b[31m${'x'.repeat(5000)}`;
    return answer(response, 400, JSON.stringify({ error: { message } }));
  }
  if (faults.take('redirects')) {
    response.setHeader('Location', ELSEWHERE);
    return answer(response, 307, '');
  }
  if (faults.take('hugeBody')) {
    response.writeHead(200, { 'Content-Length': HUGE_BYTES });
    return pour(response);
  }
  if (faults.take('endlessBody')) {
    response.writeHead(200);
    return pour(response);
  }
  if (faults.take('slowBody')) {
    response.writeHead(200);
    const timer = setInterval(() => response.write(' '), DRIP_MS);
    response.on('close', () => clearInterval(timer));
    return true;
  }
  if (faults.take('deepJson')) return answer(response, 200, '{"a":'.repeat(DEEP) + '1');
  if (faults.take('notJson')) return answer(response, 200, '<html>login</html>');
  if (path.startsWith('/redfish/v1') && faults.take('foreignLinks')) {
    const link = { '@odata.id': ELSEWHERE };
    const body = { Systems: link, Links: { Sessions: link }, Members: [link] };
    return answer(response, 200, JSON.stringify(body));
  }
  return false;
}

function answer(response: ServerResponse, status: number, text: string): boolean {
  response.statusCode = status;
  response.end(text);
  return true;
}

/** Writes as fast as the other side takes it, until that one hangs up. */
function pour(response: ServerResponse): boolean {
  const write = () => {
    while (!response.destroyed && response.write(CHUNK));
  };
  response.on('drain', write);
  response.on('error', () => undefined);
  write();
  return true;
}
