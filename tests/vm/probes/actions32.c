/* actions32 NUMBER [ARGUMENT]...: one system call of a 32-bit program; an argument that begins with a digit
 * is a number, any other a string. Ends with the error number. Without a C library, for there may be none for
 * 32 bits. */

static long call(long number, const long a[3])
{
	long result;
	asm volatile("int $0x80" : "=a"(result) : "a"(number), "b"(a[0]), "c"(a[1]), "d"(a[2]) : "memory");
	return result;
}

static long number_of(const char *s)
{
	long n = 0;
	while (*s >= '0' && *s <= '9')
		n = n * 10 + (*s++ - '0');
	return n;
}

void begin(const long *stack) __attribute__((noreturn, used));
void begin(const long *stack)
{
	long count = stack[0], args[3] = { 0 };
	char **argv = (char **)(stack + 1);
	for (long i = 2; i < count && i < 5; i++)
		args[i - 2] = *argv[i] >= '0' && *argv[i] <= '9' ? number_of(argv[i]) : (long)argv[i];
	long result = call(count > 1 ? number_of(argv[1]) : 0, args);
	long leave[3] = { result < 0 ? -result : 0 };
	for (;;)
		call(1, leave);
}

asm(".globl _start\n_start: mov %esp, %eax\n push %eax\n call begin\n");
