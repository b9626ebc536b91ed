// Generates src/cri/generated from the CRI, gRPC health, CSI and plugin protocols of the pinned Go modules.
import { execFileSync } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const partDir = join(root, 'images/node/parts/kubernetes');
const outDir = join(root, 'src/cri/generated');
const stampFile = join(outDir, 'version.txt');

const goMod = readFileSync(join(partDir, 'go.mod'), 'utf8');
const version = /k8s\.io\/cri-api => k8s\.io\/cri-api (v\S+)/.exec(goMod)?.[1];
if (version === undefined) throw new Error(`no version of k8s.io/cri-api in ${partDir}/go.mod`);

const stamp = `k8s.io/cri-api ${version}\n${readFileSync(fileURLToPath(import.meta.url), 'utf8')}`;
if (existsSync(stampFile) && readFileSync(stampFile, 'utf8') === stamp) process.exit(0);

console.error(`generating the CRI client from k8s.io/cri-api ${version}`);
/** Where a module of Kubernetes lies, downloaded when it is not there. */
function moduleFolder(module: string, wanted = version): string {
  const args = ['mod', 'download', '-json', `${module}@${wanted}`];
  const info = JSON.parse(execFileSync('go', args, { cwd: partDir, encoding: 'utf8' })) as { Dir: string };
  return info.Dir;
}
/** Plugins' protocols: file → its folder in k8s.io/kubelet. */
const pluginProtocols = {
  deviceplugin: 'deviceplugin/v1beta1',
  podresources: 'podresources/v1',
  pluginregistration: 'pluginregistration/v1',
  dra: 'dra/v1',
  drahealth: 'dra-health/v1',
};
const storageModule = 'github.com/container-storage-interface/spec';
const storageVersion = new RegExp(`${storageModule} (v\\S+)`).exec(goMod)?.[1];
/** What csi.proto imports. */
const sharedTypes = ['timestamp', 'wrappers', 'descriptor'].map((name) => `google/protobuf/${name}`);
const work = mkdtempSync(join(tmpdir(), 'klab-cri-'));
try {
  cpSync(join(moduleFolder('k8s.io/cri-api'), 'pkg/apis/runtime/v1/api.proto'), join(work, 'api.proto'));
  for (const [name, folder] of Object.entries(pluginProtocols))
    cpSync(join(moduleFolder('k8s.io/kubelet'), 'pkg/apis', folder, 'api.proto'), join(work, `${name}.proto`));
  const storage = moduleFolder(storageModule, storageVersion);
  cpSync(join(storage, 'csi.proto'), join(work, 'csi.proto'));
  writeFileSync(
    join(work, 'health.proto'),
    `syntax = "proto3";
package grpc.health.v1;
message HealthCheckRequest { string service = 1; }
message HealthCheckResponse {
  enum ServingStatus { UNKNOWN = 0; SERVING = 1; NOT_SERVING = 2; SERVICE_UNKNOWN = 3; }
  ServingStatus status = 1;
}
service Health { rpc Check(HealthCheckRequest) returns (HealthCheckResponse); }
`,
  );
  writeFileSync(join(work, 'buf.yaml'), 'version: v2\n');
  const options = [
    'outputServices=grpc-js',
    'env=node',
    // crictl prints messages as JSON; nobody reads them from it.
    'outputJsonMethods=to-only',
    'forceLong=bigint',
    'enumsAsLiterals=true',
    'esModuleInterop=true',
    'importSuffix=.ts',
    'useOptionals=none',
    'removeEnumPrefix=false',
    'unrecognizedEnum=false',
    'globalThisPolyfill=false',
  ];
  writeFileSync(
    join(work, 'buf.gen.yaml'),
    `version: v2
plugins:
  - local: ${join(root, 'node_modules/.bin/protoc-gen-ts_proto')}
    out: out
    opt: [${options.join(', ')}]
`,
  );
  execFileSync(join(root, 'node_modules/.bin/buf'), ['generate'], { cwd: work, stdio: 'inherit' });
  rmSync(outDir, { recursive: true, force: true });
  mkdirSync(outDir, { recursive: true });
  for (const name of ['api', 'health', 'csi', ...sharedTypes, ...Object.keys(pluginProtocols)]) {
    const text = readFileSync(join(work, 'out', `${name}.ts`), 'utf8');
    mkdirSync(dirname(join(outDir, name)), { recursive: true });
    writeFileSync(join(outDir, `${name}.ts`), `// @ts-nocheck generated\n${text}`);
  }
  writeFileSync(stampFile, stamp);
} finally {
  rmSync(work, { recursive: true, force: true });
}
