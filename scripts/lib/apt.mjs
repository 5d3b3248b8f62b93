/** Installs a Debian package when that is possible without asking anyone: as root, on Debian. */
import { existsSync } from 'node:fs';
import { run } from './process.mjs';

/** @returns {Promise<boolean>} whether the package is now installed */
export async function aptInstall(name, log) {
  if (process.getuid?.() !== 0 || !existsSync('/etc/debian_version')) return false;
  const query = ['-W', '-f=${Status}', name];
  const status = await run('dpkg-query', query, { timeout: 20_000, quiet: true });
  if (status.output.includes('install ok installed')) return true;
  log(`installing Debian's ${name}`);
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive' };
  const apt = (args, timeout) => run('apt-get', args, { env, timeout, quiet: true });
  const install = () => apt(['install', '-y', '--no-install-recommends', name], 300_000);
  if ((await install()).code === 0) return true;
  await apt(['update'], 120_000); // the lists may be absent or old
  const { code, output } = await install();
  if (code !== 0) log(`apt-get could not install ${name}: ${output.trim().split('\n').at(-1)}`);
  return code === 0;
}
