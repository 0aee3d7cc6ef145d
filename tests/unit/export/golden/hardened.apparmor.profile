# Written by BeaCon 0.0.0 for example/server:1.
# Load it with `apparmor_parser -r FILE`; use it beside seccomp.json:
# docker run --security-opt apparmor=beacon-example-server-1
# Wider than the policy: AppArmor filters no system calls: seccomp.json has to be used as well.
# Wider than the policy: it allows all files that the container has, but for parts of /proc and /sys.
abi <abi/3.0>,

profile beacon-example-server-1 flags=(attach_disconnected,mediate_deleted) {
  file,
  deny /proc/* w,
  deny /proc/{acpi,bus,driver,fs,irq,scsi,sys,tty}/** w,
  deny /proc/{kcore,kmem,mem,sysrq-trigger} rwklx,
  deny /sys/{devices/virtual/powercap,firmware,kernel/security}/** rwklx,
  deny /sys/{block,bus,class,dev,devices,hypervisor,kernel,module,power}/** wkl,
  deny /sys/fs/[^c]*/** wkl,
  signal (receive),
  signal (send) peer=beacon-example-server-1,
  ptrace (trace, read, tracedby, readby) peer=beacon-example-server-1,
}
