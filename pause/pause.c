// SPDX-License-Identifier: Apache-2.0
/* What a Pod's sandbox runs: nothing. It holds the namespaces that the Pod's containers share.
 *
 * Where they share the process namespace it is process 1: children that others leave behind come
 * to it, and the kernel removes those of a parent that ignores SIGCHLD (wait(2), NOTES). No
 * library, so that an image with this file alone runs.
 */
#include <asm/unistd.h>
#include <signal.h>

/* The kernel's own structure; libc's is another one. */
struct kernel_sigaction {
	void (*handler)(int);
	unsigned long flags;
	void (*restorer)(void);
	unsigned long mask;
};

static long call(long number, long a, long b, long c, long d)
{
#if defined(__x86_64__)
	register long fourth __asm__("r10") = d;
	long result;

	__asm__ volatile("syscall"
			 : "=a"(result)
			 : "a"(number), "D"(a), "S"(b), "d"(c), "r"(fourth)
			 : "rcx", "r11", "memory");
	return result;
#elif defined(__aarch64__)
	register long x8 __asm__("x8") = number;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;

	__asm__ volatile("svc 0" : "+r"(x0) : "r"(x8), "r"(x1), "r"(x2), "r"(x3) : "memory");
	return x0;
#else
#error "no system call known for this machine"
#endif
}

void _start(void)
{
	struct kernel_sigaction ignore = {.handler = SIG_IGN};

	call(__NR_rt_sigaction, SIGCHLD, (long)&ignore, 0, sizeof(ignore.mask));
	for (;;) /* without descriptors and time it waits for a signal */
		call(__NR_ppoll, 0, 0, 0, 0);
}
