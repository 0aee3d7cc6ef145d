/* How an x86-64 program enters the kernel, by its three doors. */
#define X32 0x40000000L
/* A trapped call's handler finds the registers as they were: the number comes back as the answer. */
#define TRAPPED_ANSWER(nr) (nr)
#define VFORK call(__NR_vfork)

static inline long call6(long nr, long a, long b, long c, long d, long e, long f)
{
	register long r10 __asm__("r10") = d;
	register long r8 __asm__("r8") = e;
	register long r9 __asm__("r9") = f;

	__asm__ volatile("syscall"
			 : "+a"(nr)
			 : "D"(a), "S"(b), "d"(c), "r"(r10), "r"(r8), "r"(r9)
			 : "rcx", "r11", "memory");
	return nr;
}

/* The 32-bit door of a 64-bit program. */
static inline long call_i386(long nr)
{
	__asm__ volatile("int $0x80" : "+a"(nr) : "b"(0), "c"(0), "d"(0) : "r8", "r9", "r10", "r11", "memory");
	return nr;
}

static inline void rest(void)
{
	__builtin_ia32_pause();
}

/* A thread whose stack begins with the function that it runs. The kernel clears `word` at its end. */
static inline long clone_thread(long flags, void *top, volatile int *word)
{
	register volatile int *r10 __asm__("r10") = word;
	long thread = __NR_clone;

	__asm__ volatile("syscall\n\t"
			 "test %%rax, %%rax\n\t"
			 "jnz 1f\n\t"
			 "xor %%ebp, %%ebp\n\t"
			 "pop %%rax\n\t"
			 "and $-16, %%rsp\n\t"
			 "call *%%rax\n\t"
			 "mov %[exit], %%eax\n\t"
			 "xor %%edi, %%edi\n\t"
			 "syscall\n"
			 "1:"
			 : "+a"(thread)
			 : "D"(flags), "S"(top), "d"(0), "r"(r10), [exit] "i"(__NR_exit)
			 : "rcx", "r11", "memory");
	return thread;
}

#define START \
	".global _start\n_start:\n\txor %ebp, %ebp\n\tmov %rsp, %rdi\n\tand $-16, %rsp\n\tcall begin\n" \
	".global give_back\ngive_back:\n\tmov $15, %eax\n\tsyscall\n"
