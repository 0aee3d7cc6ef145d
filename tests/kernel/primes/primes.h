/*
 * System calls without a C library: a part of this program makes the calls that it
 * names and no others, so that tests can compare everything the kernel saw.
 */
#ifndef PRIMES_H
#define PRIMES_H

#include <asm/unistd.h>
#include <linux/errno.h>

#define NULL ((void *)0)

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

#define call(...) call_padded(__VA_ARGS__, 0, 0, 0, 0, 0, 0, 0)
#define call_padded(nr, a, b, c, d, e, f, ...) \
	call6(nr, (long)(a), (long)(b), (long)(c), (long)(d), (long)(e), (long)(f))

/* Ends with a line on standard error: a part that did not do what it says proves nothing. */
#define expect(condition)                       \
	do {                                    \
		if (!(condition))               \
			fail(#condition "\n");  \
	} while (0)

struct part {
	const char *name;
	void (*run)(void);
};

extern char **arguments, **environment;

void leave(int code) __attribute__((noreturn));
void fail(const char *what) __attribute__((noreturn));
void times(int count, long nr);
void times_failing(int count, long nr, long error);
int same(const char *a, const char *b);
long number(const char *digits);

/* family.c: each waits for the end of what it starts, with one wait4, or none for a thread. */
void in_child(void (*run)(void));
void in_thread(void (*run)(void));
void end_of(long child);
volatile int *start_thread(void (*run)(void));
void join(volatile int *alive);

void launch(void);
void install(const char *descriptor, long flags);

extern const struct part calls[], families[], denials[], rights[], names[],
	argument_parts[], signals[], held[], files[];

#endif
