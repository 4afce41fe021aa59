#!/bin/bash
# The guest's first process. The root is the host's, read-only: put memory over it, and go on in that with start.sh.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=$(dirname "$0")
mount -t proc proc /proc
for word in $(cat /proc/cmdline); do case $word in modules=*) modules=${word#modules=};; esac; done
mount -t tmpfs tmpfs /mnt
busybox insmod "$modules/kernel/fs/overlayfs/overlay.ko" || busybox poweroff -f
umount /proc
mkdir -p /mnt/upper /mnt/work /mnt/root
mount -t overlay overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work /mnt/root || busybox poweroff -f
cd /mnt/root || busybox poweroff -f
mount -n --move /dev dev
mount -n -t proc proc proc
mount -n -t sysfs sys sys
mkdir -p old
pivot_root . old
exec chroot . /bin/bash "$here/start.sh"
