/**
 * A PostgreSQL for the tests: Debian's, as a user of its own (it does not run as root), in a temporary
 * folder, on a free port; and a proxy before it that can be cut.
 */
import { execFileSync, spawn, spawnSync, type ChildProcess } from 'node:child_process';
import {
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { createServer, connect, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Debian keeps a folder a version; undefined: not installed. */
export function postgresPrograms(): string | undefined {
  const versions = '/usr/lib/postgresql';
  if (!existsSync(versions)) return undefined;
  return readdirSync(versions)
    .sort((a, b) => Number(b) - Number(a))
    .map((version) => join(versions, version, 'bin'))
    .find((folder) => existsSync(join(folder, 'initdb')));
}

export class TestPostgres {
  private readonly folder = mkdtempSync(join(tmpdir(), 'deepc-test-pg-'));
  private readonly data = join(this.folder, 'data');
  private readonly user: { readonly uid: number; readonly gid: number } | undefined;
  private server: ChildProcess | undefined;
  readonly password = 'secret';
  /** Of the server's certificate, when there is one. */
  readonly certificate = join(this.folder, 'server.crt');

  private constructor(
    private readonly programs: string,
    readonly port: number,
  ) {
    if (process.getuid?.() === 0) {
      const of = (flag: string): number =>
        Number(execFileSync('id', [flag, 'postgres'], { encoding: 'utf8' }));
      this.user = { uid: of('-u'), gid: of('-g') };
      chownSync(this.folder, this.user.uid, this.user.gid);
    }
    const passwordFile = join(this.folder, 'password');
    writeFileSync(passwordFile, this.password);
    if (this.user) chownSync(passwordFile, this.user.uid, this.user.gid);
    this.run('initdb', [
      ...['-D', this.data, '-U', 'deepc', '--auth=scram-sha-256', '-E', 'UTF8', '--no-sync'],
      `--pwfile=${passwordFile}`,
    ]);
    mkdirSync(join(this.folder, 'run'));
    if (this.user) chownSync(join(this.folder, 'run'), this.user.uid, this.user.gid);
    this.makeCertificate();
  }

  static async start(): Promise<TestPostgres | undefined> {
    const programs = postgresPrograms();
    if (programs === undefined) return undefined;
    const server = new TestPostgres(programs, await freePort());
    await server.up();
    return server;
  }

  url(port = this.port, query = ''): string {
    return `postgres://deepc:${this.password}@127.0.0.1:${port}/postgres${query}`;
  }

  /** Resolves when it takes connections. */
  async up(): Promise<void> {
    for (let tries = 0; tries < 300; tries++) {
      // one that was ended at once may still be in its own way
      if (this.server === undefined || this.server.exitCode !== null) this.server = this.spawn();
      const { status } = spawnSync(join(this.programs, 'pg_isready'), [
        ...['-h', '127.0.0.1', '-p', String(this.port)],
      ]);
      if (status === 0) return;
      await new Promise((next) => setTimeout(next, 100));
    }
    throw new Error('PostgreSQL does not start');
  }

  private spawn(): ChildProcess {
    const ssl = existsSync(this.certificate)
      ? [
          ...['-c', 'ssl=on', '-c', `ssl_cert_file=${this.certificate}`],
          ...['-c', `ssl_key_file=${join(this.folder, 'server.key')}`],
        ]
      : [];
    return spawn(
      join(this.programs, 'postgres'),
      [
        ...['-D', this.data, '-p', String(this.port), '-k', join(this.folder, 'run')],
        ...[
          '-c',
          'listen_addresses=127.0.0.1',
          '-c',
          'shared_buffers=16MB',
          '-c',
          'fsync=off',
          '-c',
          'max_connections=300',
        ],
        ...ssl,
      ],
      {
        stdio: ['ignore', 'ignore', process.env['DC_PG_LOG'] ? 'inherit' : 'ignore'],
        ...this.user,
      },
    );
  }

  /** Ends it at once, as losing power does. */
  async down(): Promise<void> {
    const server = this.server;
    this.server = undefined;
    if (!server) return;
    const gone = new Promise((done) => server.once('exit', done));
    server.kill('SIGQUIT');
    await gone;
  }

  async remove(): Promise<void> {
    await this.down();
    rmSync(this.folder, { recursive: true, force: true });
  }

  private run(program: string, args: readonly string[]): void {
    execFileSync(join(this.programs, program), args, {
      stdio: 'ignore',
      cwd: this.folder,
      ...this.user,
    });
  }

  /** For 127.0.0.1, signed by itself, where there is openssl. */
  private makeCertificate(): void {
    const key = join(this.folder, 'server.key');
    const { status } = spawnSync(
      'openssl',
      [
        ...[
          'req',
          '-x509',
          '-newkey',
          'rsa:2048',
          '-nodes',
          '-days',
          '2',
          '-subj',
          '/CN=localhost',
        ],
        ...['-addext', 'subjectAltName=IP:127.0.0.1,DNS:localhost'],
        ...['-keyout', key, '-out', this.certificate],
      ],
      { stdio: 'ignore' },
    );
    if (status === 0 && this.user)
      for (const file of [key, this.certificate]) chownSync(file, this.user.uid, this.user.gid);
  }
}

/** Passes a port on, until it is cut. */
export class Wire {
  private readonly sockets = new Set<Socket>();
  private isCut = false;

  private constructor(
    private readonly server: Server,
    readonly port: number,
  ) {}

  static async to(target: number): Promise<Wire> {
    const port = await freePort();
    const server = createServer();
    const wire = new Wire(server, port);
    server.on('connection', (near) => {
      if (wire.isCut) return void near.destroy();
      const far = connect(target, '127.0.0.1');
      for (const socket of [near, far]) {
        wire.sockets.add(socket);
        socket.on('error', () => {});
        socket.on('close', () => {
          wire.sockets.delete(socket);
          near.destroy();
          far.destroy();
        });
      }
      near.pipe(far);
      far.pipe(near);
    });
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    return wire;
  }

  cut(): void {
    this.isCut = true;
    for (const socket of this.sockets) socket.destroy();
  }

  mend(): void {
    this.isCut = false;
  }

  close(): void {
    this.cut();
    this.server.close();
  }
}

function freePort(): Promise<number> {
  return new Promise((done) => {
    const server = createServer();
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => done(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
