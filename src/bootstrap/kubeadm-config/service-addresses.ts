/** The tenth address of the service network: where cluster DNS listens. */
export const clusterDnsAddress = (serviceSubnet: string): string => nthAddress(serviceSubnet, 10);

/** The first address of the service network: the Service `kubernetes`. */
export const apiServiceAddress = (serviceSubnet: string): string => nthAddress(serviceSubnet, 1);

/** The nth address of an IPv4 network; of several joined by commas, the first counts. */
function nthAddress(subnets: string, n: number): string {
  const [written = '', prefix = '32'] = (subnets.split(',')[0] ?? '').trim().split('/');
  const size = 2 ** (32 - Number(prefix));
  const value = written.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const address = Math.floor(value / size) * size + n;
  return [24, 16, 8, 0].map((shift) => Math.floor(address / 2 ** shift) % 256).join('.');
}
