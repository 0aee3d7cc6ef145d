/* Runs the parts that the arguments name, in their order. */
#include "primes.h"

char **arguments, **environment;

static const struct part *const tables[] = {
	calls, families, denials, rights, names, argument_parts,
	signals, held, files,
};

/* The compiler calls these on its own, and must not do so in their place. */
void *memset(void *to, int byte, unsigned long size)
{
	for (volatile char *at = to; size; size--)
		*at++ = byte;
	return to;
}

void *memcpy(void *to, const void *from, unsigned long size)
{
	const char *source = from;

	for (volatile char *at = to; size; size--)
		*at++ = *source++;
	return to;
}

void leave(int code)
{
	for (;;)
		call(__NR_exit_group, code);
}

void fail(const char *what)
{
	int length = 0;

	while (what[length])
		length++;
	call(__NR_write, 2, what, length);
	leave(1);
}

void times(int count, long nr)
{
	while (count--)
		call(nr);
}

void times_failing(int count, long nr, long error)
{
	while (count--)
		expect(call(nr) == -error);
}

int same(const char *a, const char *b)
{
	while (*a && *a == *b)
		a++, b++;
	return *a == *b;
}

long number(const char *digits)
{
	long value = 0;

	while (*digits)
		value = value * 10 + (*digits++ - '0');
	return value;
}

static const struct part *find(const char *name)
{
	for (unsigned long i = 0; i < sizeof(tables) / sizeof(tables[0]); i++)
		for (const struct part *part = tables[i]; part->name; part++)
			if (same(part->name, name))
				return part;
	fail("no such part\n");
}

__attribute__((used, noreturn)) static void begin(long *stack)
{
	arguments = (char **)(stack + 1);
	environment = arguments + stack[0] + 1;
	if (arguments[1] && same(arguments[1], "launch"))
		launch();
	while (*++arguments)
		find(*arguments)->run();
	leave(0);
}

__asm__(START);
