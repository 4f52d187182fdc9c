// A slow disk: preloaded (LD_PRELOAD), every call that makes written bytes last takes TAPEDECK_SYNC_DELAY_US longer: fsync,
// fdatasync, and a write to a file opened with O_DSYNC.
#define _GNU_SOURCE
#include <dlfcn.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

static void delay(void) {
  const char *text = getenv("TAPEDECK_SYNC_DELAY_US");
  long us = text ? atol(text) : 0;
  struct timespec time = {us / 1000000, us % 1000000 * 1000};
  if (us > 0) nanosleep(&time, NULL);
}

static void delaySynced(int fd) {
  int flags = fcntl(fd, F_GETFL);
  if (flags >= 0 && flags & O_DSYNC) delay();
}

#define REAL(type, name, ...) \
  static type (*real)(__VA_ARGS__); \
  if (!real) real = (type(*)(__VA_ARGS__))dlsym(RTLD_NEXT, name)

int fsync(int fd) {
  REAL(int, "fsync", int);
  delay();
  return real(fd);
}

int fdatasync(int fd) {
  REAL(int, "fdatasync", int);
  delay();
  return real(fd);
}

ssize_t write(int fd, const void *bytes, size_t count) {
  REAL(ssize_t, "write", int, const void *, size_t);
  delaySynced(fd);
  return real(fd, bytes, count);
}

ssize_t writev(int fd, const struct iovec *parts, int count) {
  REAL(ssize_t, "writev", int, const struct iovec *, int);
  delaySynced(fd);
  return real(fd, parts, count);
}
