/* How an AArch64 program enters the kernel. */

/* A trapped call's handler finds the registers as they were: the first argument is the answer. */
#define TRAPPED_ANSWER(nr) 0
#define VFORK call(__NR_clone, CLONE_VM | CLONE_VFORK | SIGCHLD, 0)

static inline long call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long x8 __asm__("x8") = nr;
	register long x0 __asm__("x0") = a;
	register long x1 __asm__("x1") = b;
	register long x2 __asm__("x2") = c;
	register long x3 __asm__("x3") = d;
	register long x4 __asm__("x4") = e;
	register long x5 __asm__("x5") = f;

	__asm__ volatile("svc #0"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), "r"(x5)
			 : "memory");
	return x0;
}

static inline void rest(void)
{
	__asm__ volatile("yield");
}

/* A thread whose stack begins with the function that it runs. The kernel clears `word` at its end. */
static inline long clone_thread(long flags, void *top, volatile int *word)
{
	register long x8 __asm__("x8") = __NR_clone;
	register long x0 __asm__("x0") = flags;
	register void *x1 __asm__("x1") = top;
	register long x2 __asm__("x2") = 0;
	register long x3 __asm__("x3") = 0;
	register volatile int *x4 __asm__("x4") = word;

	__asm__ volatile("svc #0\n\t"
			 "cbnz x0, 1f\n\t"
			 "mov x29, xzr\n\t"
			 "ldr x9, [sp]\n\t"
			 "blr x9\n\t"
			 "mov x8, %[exit]\n\t"
			 "mov x0, xzr\n\t"
			 "svc #0\n"
			 "1:"
			 : "+r"(x0)
			 : "r"(x8), "r"(x1), "r"(x2), "r"(x3), "r"(x4), [exit] "i"(__NR_exit)
			 : "x9", "x30", "memory");
	return x0;
}

#define START \
	".global _start\n_start:\n\tmov x29, xzr\n\tmov x0, sp\n\tbl begin\n" \
	".global give_back\ngive_back:\n\tmov x8, #139\n\tsvc #0\n"
