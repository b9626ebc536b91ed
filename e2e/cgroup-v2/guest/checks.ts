// The kubelet's resources on cgroup v2, as the kernel has them: run inside the guest, one check after another.
import './limits.ts';
import './statistics.ts';
import './life.ts';
import './api-pods.ts';
