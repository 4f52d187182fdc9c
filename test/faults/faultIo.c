// Lets one call to the disk fail in a process that knows nothing of it (LD_PRELOAD). Linux, glibc.
//   cc -O2 -shared -fPIC -o faultIo.so faultIo.c -ldl
// Only calls on paths that contain FAULT_PATH count.
//   FAULT_CALL  open read write datasync sync close mkdir rename unlink rmdir stat truncate scandir, or any
//   FAULT_AT    the first call of that name that fails, from 1; FAULT_TIMES how many fail from there on (1)
//   FAULT_DO    an errno as a number; `short`: half of a read or write; `kill`: SIGKILL instead of the call, a write half done
//   FAULT_ROOM  so many bytes fit: what goes beyond is a short write first, then ENOSPC; after FAULT_ROOM_BACK of these
//               (none: never) there is room again
//   FAULT_COUNT a file that is given the number of calls counted, when the process ends well
#define _GNU_SOURCE
#include <dirent.h>
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/statfs.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#define NEXT(name)               \
  static __typeof__(&name) next; \
  if (!next) next = (__typeof__(&name))dlsym(RTLD_NEXT, #name)

enum { GO, FAIL, SHORT };

static const char *part, *call, *act;
static long at, times = 1, room = -1, roomBack = -1, counted;

static long number(const char *name, long otherwise) {
  const char *text = getenv(name);
  return text ? atol(text) : otherwise;
}

__attribute__((constructor)) static void begin(void) {
  part = getenv("FAULT_PATH");
  call = getenv("FAULT_CALL");
  act = getenv("FAULT_DO");
  at = number("FAULT_AT", 0);
  times = number("FAULT_TIMES", 1);
  room = number("FAULT_ROOM", -1);
  roomBack = number("FAULT_ROOM_BACK", -1);
}

__attribute__((destructor)) static void end(void) {
  const char *path = getenv("FAULT_COUNT");
  FILE *file = path ? fopen(path, "w") : NULL;
  if (!file) return;
  fprintf(file, "%ld", counted);
  fclose(file);
}

static int isOurs(const char *path) { return part && path && strstr(path, part); }

static int isOurFile(int fd) {
  if (!part) return 0;
  char link[64], path[4096];
  snprintf(link, sizeof link, "/proc/self/fd/%d", fd);
  ssize_t length = readlink(link, path, sizeof path - 1);
  if (length <= 0) return 0;
  path[length] = 0;
  return isOurs(path);
}

static int decide(const char *name) {
  if (!call || (strcmp(call, "any") && strcmp(call, name))) return GO;
  long n = __atomic_add_fetch(&counted, 1, __ATOMIC_SEQ_CST);
  if (!act || n < at || n >= at + times) return GO;
  if (!strcmp(act, "short")) return SHORT;
  if (!strcmp(act, "kill")) {
    if (!strcmp(name, "write")) return SHORT;
    kill(getpid(), SIGKILL);
  }
  errno = atoi(act);
  return FAIL;
}

static void dieIfMeant(void) {
  if (act && !strcmp(act, "kill")) kill(getpid(), SIGKILL);
}

// How much of a write is let through: all of it, a part, or none (-1, errno set).
static ssize_t allowed(int fd, size_t size) {
  if (!isOurFile(fd)) return size;
  int what = decide("write");
  if (what == FAIL) return -1;
  if (what == SHORT) return size / 2;
  if (room < 0) return size;
  if (room >= (long)size) {
    room -= size;
    return size;
  }
  size_t fits = room;
  room = 0;
  if (fits > 0) return fits;
  if (roomBack > 0 && --roomBack == 0) room = -1;
  errno = ENOSPC;
  return -1;
}

ssize_t write(int fd, const void *bytes, size_t size) {
  NEXT(write);
  ssize_t part = allowed(fd, size);
  if (part < 0) return -1;
  ssize_t done = next(fd, bytes, part);
  if ((size_t)part < size) dieIfMeant();
  return done;
}

ssize_t pwrite64(int fd, const void *bytes, size_t size, off64_t offset) {
  NEXT(pwrite64);
  ssize_t part = allowed(fd, size);
  if (part < 0) return -1;
  ssize_t done = next(fd, bytes, part, offset);
  if ((size_t)part < size) dieIfMeant();
  return done;
}

ssize_t writev(int fd, const struct iovec *list, int count) {
  NEXT(writev);
  size_t size = 0;
  for (int index = 0; index < count; index++) size += list[index].iov_len;
  ssize_t part = allowed(fd, size);
  if (part < 0) return -1;
  if ((size_t)part == size) return next(fd, list, count);
  // Not exact to the byte: the whole pieces that fit, or the first one's begin.
  int pieces = 0;
  size_t fits = 0;
  while (fits + list[pieces].iov_len <= (size_t)part) fits += list[pieces++].iov_len;
  ssize_t done;
  if (pieces > 0) done = next(fd, list, pieces);
  else {
    struct iovec first = {list[0].iov_base, part};
    done = next(fd, &first, 1);
  }
  dieIfMeant();
  return done;
}

ssize_t read(int fd, void *bytes, size_t size) {
  NEXT(read);
  int what = isOurFile(fd) ? decide("read") : GO;
  return what == FAIL ? -1 : next(fd, bytes, what == SHORT ? (size + 1) / 2 : size);
}

ssize_t pread64(int fd, void *bytes, size_t size, off64_t offset) {
  NEXT(pread64);
  int what = isOurFile(fd) ? decide("read") : GO;
  return what == FAIL ? -1 : next(fd, bytes, what == SHORT ? (size + 1) / 2 : size, offset);
}

#define ON_FILE(symbol, name, parameters, arguments)                    \
  int symbol parameters {                                               \
    NEXT(symbol);                                                       \
    return isOurFile(fd) && decide(name) == FAIL ? -1 : next arguments; \
  }
ON_FILE(fdatasync, "datasync", (int fd), (fd))
ON_FILE(fsync, "sync", (int fd), (fd))
ON_FILE(ftruncate64, "truncate", (int fd, off64_t size), (fd, size))

#define ON_PATH(symbol, name, parameters, arguments)                 \
  int symbol parameters {                                              \
    NEXT(symbol);                                                      \
    return isOurs(path) && decide(name) == FAIL ? -1 : next arguments; \
  }
ON_PATH(mkdir, "mkdir", (const char *path, mode_t mode), (path, mode))
ON_PATH(rename, "rename", (const char *path, const char *to), (path, to))
ON_PATH(unlink, "unlink", (const char *path), (path))
ON_PATH(rmdir, "rmdir", (const char *path), (path))
ON_PATH(statfs64, "stat", (const char *path, struct statfs64 *found), (path, found))

int scandir64(const char *path, struct dirent64 ***names, int (*filter)(const struct dirent64 *),
              int (*compare)(const struct dirent64 **, const struct dirent64 **)) {
  NEXT(scandir64);
  return isOurs(path) && decide("scandir") == FAIL ? -1 : next(path, names, filter, compare);
}

static int openOne(const char *symbol, const char *path, int flags, mode_t mode) {
  int (*next)(const char *, int, ...) = dlsym(RTLD_NEXT, symbol);
  return isOurs(path) && decide("open") == FAIL ? -1 : next(path, flags, mode);
}

int open64(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return openOne("open64", path, flags, mode);
}

int open(const char *path, int flags, ...) {
  va_list rest;
  va_start(rest, flags);
  mode_t mode = va_arg(rest, mode_t);
  va_end(rest);
  return openOne("open", path, flags, mode);
}

// libuv makes these two without glibc's names for them. A descriptor is given back whatever its close reports.
long syscall(long what, ...) {
  NEXT(syscall);
  va_list rest;
  va_start(rest, what);
  long a = va_arg(rest, long), b = va_arg(rest, long), c = va_arg(rest, long);
  long d = va_arg(rest, long), e = va_arg(rest, long), f = va_arg(rest, long);
  va_end(rest);
  if (what == SYS_close) {
    int fails = isOurFile((int)a) && decide("close") == FAIL, code = errno;
    long done = next(what, a);
    if (!fails) return done;
    errno = code;
    return -1;
  }
  if (what == SYS_statx) {
    const char *path = (const char *)b;
    if ((path && *path ? isOurs(path) : isOurFile((int)a)) && decide("stat") == FAIL) return -1;
  }
  return next(what, a, b, c, d, e, f);
}

int close(int fd) {
  NEXT(close);
  int fails = isOurFile(fd) && decide("close") == FAIL, code = errno;
  int done = next(fd);
  if (!fails) return done;
  errno = code;
  return -1;
}
