// The physical limit of a durable append: write(2) and fdatasync(2) in a loop, nothing else.
// Usage: rawSync FILE COUNT SIZE_BYTES. Prints {"perSecond":…,"p50Us":…,"p99Us":…}.
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#ifdef __APPLE__
#define SYNC(fd) fcntl((fd), F_FULLFSYNC)
#else
#define SYNC(fd) fdatasync(fd)
#endif

static double nowUs(void) {
  struct timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1e6 + time.tv_nsec / 1e3;
}

static int ascending(const void *a, const void *b) {
  double x = *(const double *)a, y = *(const double *)b;
  return (x > y) - (x < y);
}

int main(int count, char **words) {
  if (count != 4) return 2;
  int rounds = atoi(words[2]);
  size_t size = (size_t)atoi(words[3]);
  if (rounds < 1 || size < 1) return 2;
  int fd = open(words[1], O_CREAT | O_EXCL | O_WRONLY | O_APPEND, 0644);
  char *line = malloc(size);
  double *tookUs = malloc((size_t)rounds * sizeof *tookUs);
  if (fd < 0 || line == NULL || tookUs == NULL) return 1;
  memset(line, 'x', size - 1);
  line[size - 1] = '\n';
  double started = nowUs();
  for (int round = 0; round < rounds; round++) {
    double from = nowUs();
    if (write(fd, line, size) != (ssize_t)size || SYNC(fd) != 0) return 1;
    tookUs[round] = nowUs() - from;
  }
  double total = nowUs() - started;
  qsort(tookUs, (size_t)rounds, sizeof *tookUs, ascending);
  printf("{\"perSecond\":%.0f,\"p50Us\":%.1f,\"p99Us\":%.1f}\n", rounds / total * 1e6, tookUs[rounds / 2], tookUs[(int)(rounds * 0.99)]);
  unlink(words[1]);
  return 0;
}
