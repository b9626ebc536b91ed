import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir, writeFile } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import { promisify } from 'node:util';
import { type Logind, parseMaxDelay, parseShutdownSignal, renderLogindConf } from './logind.ts';

const manager = ['org.freedesktop.login1', '/org/freedesktop/login1', 'org.freedesktop.login1.Manager'] as const;
const dropIns = '/etc/systemd/logind.conf.d';
const timeoutMs = 10_000;
const run = promisify(execFile);
/** An inhibitor that was refused ends at once. */
const settledMs = 500;

/** systemd-logind by the programs that come with systemd. */
export function systemdLogind(): Logind {
  return {
    async maxDelayMs() {
      const args = ['--json=short', 'get-property', ...manager, 'InhibitDelayMaxUSec'];
      return parseMaxDelay((await run('busctl', args, { timeout: timeoutMs })).stdout);
    },
    async raiseMaxDelay(ms) {
      await mkdir(dropIns, { recursive: true, mode: 0o755 });
      await writeFile(`${dropIns}/99-kubelet.conf`, renderLogindConf(ms), { mode: 0o644 });
      await run('systemctl', ['kill', '--signal=HUP', 'systemd-logind.service'], { timeout: timeoutMs });
    },
    async inhibit() {
      const why = '--why=Kubelet needs time to handle node shutdown';
      // `cat` ends when its input does: when the lock is released, or with this process.
      const held = spawn('systemd-inhibit', ['--what=shutdown', '--who=kubelet', why, '--mode=delay', 'cat'], {
        stdio: ['pipe', 'ignore', 'ignore'],
      });
      const early = await Promise.race([
        once(held, 'exit').then(() => true),
        new Promise<false>((resolve) => setTimeout(resolve, settledMs, false)),
      ]);
      if (early) throw new Error(`systemd-inhibit exited with ${held.exitCode}`);
      held.on('error', () => undefined);
      return { release: () => void held.stdin.end() };
    },
    async *shutdowns(signal) {
      const match = `--match=type='signal',interface='${manager[2]}',member='PrepareForShutdown'`;
      const watcher = spawn('busctl', ['--json=short', match, 'monitor'], {
        stdio: ['ignore', 'pipe', 'ignore'],
        signal,
        killSignal: 'SIGTERM',
      });
      watcher.on('error', () => undefined);
      for await (const line of createInterface({ input: watcher.stdout })) {
        const begins = parseShutdownSignal(line);
        if (begins !== undefined) yield begins;
      }
      throw new Error('busctl monitor has ended');
    },
  };
}
