# In the guest: cgroup v2 as systemd lays it out, a disk, and then the command of the kernel's command line.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root
for word in $(cat /proc/cmdline); do case $word in
    modules=*) modules=${word#modules=};; command=*) command=${word#command=};; esac; done
mkdir -p /dev/pts /dev/shm
mount -n -t devpts devpts /dev/pts -o ptmxmode=666,newinstance
ln -sf pts/ptmx /dev/ptmx; ln -sf /proc/self/fd /dev/fd
mount -n -t tmpfs tmpfs /dev/shm
mount -n -t tmpfs tmpfs /run -o mode=755
rm -rf /lib/modules; mkdir -p /lib/modules; ln -s "$modules" "/lib/modules/$(uname -r)"
ln -sf /bin/busybox /sbin/modprobe
mount -n -t cgroup2 cgroup2 /sys/fs/cgroup
service=/sys/fs/cgroup/system.slice/podo-test.service
mkdir -p "$service"
for controller in cpu io memory pids; do
    echo "+$controller" > /sys/fs/cgroup/cgroup.subtree_control
    echo "+$controller" > /sys/fs/cgroup/system.slice/cgroup.subtree_control
done
echo $$ > "$service/cgroup.procs"
ip link set lo up
hostname guest
mkdir -p /mnt/disk
mount -n /dev/ubda /mnt/disk
mkdir -m 1777 /mnt/disk/tmp
export TMPDIR=/mnt/disk/tmp
bash "$command"
echo "guest: exit status $?"
busybox poweroff -f
