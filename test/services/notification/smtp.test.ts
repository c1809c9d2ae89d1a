import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, type Socket, createServer } from 'node:net';
import { createSmtpPost } from '../../../services/notification/smtp.ts';

const MAIL = {
  subject: 'Your order',
  text: 'is confirmed',
  html: '<p>is confirmed</p>',
  to: { name: 'Ada', address: 'ada@example.com' },
};

describe('a mail', () => {
  /** What becomes of it at a server that talks like this. */
  async function fateAt(talk: (socket: Socket) => void, longestMs?: number) {
    const server = createServer((socket) => {
      socket.on('error', () => undefined);
      talk(socket);
    });
    await once(server.listen(0, '127.0.0.1'), 'listening');
    const { port } = server.address() as AddressInfo;
    const post = createSmtpPost(`smtp://shop:secret@127.0.0.1:${port}`, 'Your shop <shop@example.com>', longestMs);
    const fate = await post.send(MAIL);
    await new Promise((resolve) => server.close(resolve));
    return fate;
  }

  it('has not been sent where the mail server hangs up on who signs in', async () => {
    // Not a refusal: it says nothing and is gone, which its client's library tells nobody who asked.
    const { outcome } = await fateAt((socket) => {
      socket.write('220 rude\r\n');
      socket.on('data', (line: Buffer) => {
        if (line.toString().startsWith('EHLO')) socket.write('250-rude\r\n250 AUTH PLAIN\r\n');
        else socket.end();
      });
    });
    assert.equal(outcome, 'notSent');
  });

  it('has not been sent where the mail server never comes to the point', async () => {
    const fate = await fateAt((socket) => {
      socket.write('220 slow\r\n');
      const still = setInterval(() => socket.write('250-still here\r\n'), 20);
      socket.once('close', () => clearInterval(still));
      socket.resume();
    }, 300);
    assert.deepEqual(fate, { outcome: 'notSent', error: 'the mail server takes too long' });
  });
});
