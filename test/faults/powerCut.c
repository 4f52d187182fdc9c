// Cuts a file system off from its disk at once, as a power cut would: nothing more is written, not even the journal that is
// in memory (NOLOGFLUSH). Usage: powerCut MOUNT_POINT. Linux, root; ext4 and XFS take the same ioctl.
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define IOC_SHUTDOWN _IOR('X', 125, uint32_t)
#define NOLOGFLUSH 2

int main(int count, char **arguments) {
  if (count != 2) return 2;
  int fd = open(arguments[1], O_RDONLY);
  uint32_t how = NOLOGFLUSH;
  if (fd < 0 || ioctl(fd, IOC_SHUTDOWN, &how) < 0) {
    perror("powerCut");
    return 1;
  }
  return 0;
}
