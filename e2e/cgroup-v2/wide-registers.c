/*
 * Lets user-mode Linux run on CPUs whose vector registers take more room than it knows of (AMX): the host takes back a
 * process's registers only whole, and user-mode Linux hands back the part it knows. Preloaded, this fills up the rest:
 * the registers that are left out are in their initial state, as no program in there can have asked for them.
 */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <elf.h>
#include <errno.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>

#define ROOM 65536
#define HEADER_OFFSET 512 /* Which components of the XSAVE area are in use; those below bit 16 fit what is known. */
#define KNOWN_COMPONENTS 0xffffULL

static char whole[ROOM];

long ptrace(enum __ptrace_request request, ...) {
  static long (*next)(enum __ptrace_request, pid_t, void *, void *);
  va_list arguments;
  va_start(arguments, request);
  pid_t pid = va_arg(arguments, pid_t);
  void *address = va_arg(arguments, void *);
  void *data = va_arg(arguments, void *);
  va_end(arguments);
  if (next == NULL) *(void **)&next = dlsym(RTLD_NEXT, "ptrace");

  long result = next(request, pid, address, data);
  struct iovec *part = data;
  if (result == 0 || errno != EFAULT || request != PTRACE_SETREGSET || address != (void *)NT_X86_XSTATE) return result;

  struct iovec all = {whole, ROOM};
  if (next(PTRACE_GETREGSET, pid, address, &all) != 0 || all.iov_len <= part->iov_len) return result;
  memset(whole, 0, all.iov_len);
  memcpy(whole, part->iov_base, part->iov_len);
  uint64_t used;
  memcpy(&used, whole + HEADER_OFFSET, sizeof used);
  used &= KNOWN_COMPONENTS;
  memcpy(whole + HEADER_OFFSET, &used, sizeof used);
  return next(PTRACE_SETREGSET, pid, address, &all);
}
