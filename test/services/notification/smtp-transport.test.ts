import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { createSmtpTransport } from '../../../services/notification/smtp-transport.ts';

const MAIL = {
  subject: 'Your order',
  text: 'is confirmed',
  html: '<p>is confirmed</p>',
  to: { name: 'Ada', address: 'ada@example.com' },
};

describe('the SMTP transport', () => {
  /** Sends a mail to a server that behaves like this. */
  async function sendTo(serve: (socket: Socket) => void, timeoutMs?: number) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      serve(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const url = `smtp://shop:secret@127.0.0.1:${port}`;
    const result = await createSmtpTransport(url, 'Your shop <shop@example.com>', timeoutMs).send(MAIL);
    await new Promise((resolve) => server.close(resolve));
    return result;
  }

  it('has not sent the mail if the server closes the connection at sign-in', async () => {
    // Without a reply. nodemailer then does not call back the pending command.
    const { outcome } = await sendTo((socket) => {
      socket.write('220 rude\r\n');
      socket.on('data', (line: Buffer) => {
        if (line.toString().startsWith('EHLO')) socket.write('250-rude\r\n250 AUTH PLAIN\r\n');
        else socket.end();
      });
    });
    assert.equal(outcome, 'notSent');
  });

  it('has not sent the mail if the server never finishes its reply', async () => {
    const result = await sendTo((socket) => {
      socket.write('220 slow\r\n');
      const still = setInterval(() => socket.write('250-still here\r\n'), 20);
      socket.once('close', () => clearInterval(still));
      socket.resume();
    }, 300);
    assert.deepEqual(result, { outcome: 'notSent', error: 'the mail server did not finish within 0.3 s' });
  });
});
