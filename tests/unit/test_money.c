/* Money is exact, rounds half to even, and is read and written as people do. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>
#include <errno.h>
#include <string.h>

#include "model/money.h"
#include "tests/unit/random.h"

#define DIGITS 100

static struct money parsed(const char *text)
{
	struct money m = {0};

	assert_int_equal(money_parse(text, &m), 0);
	return m;
}

static void assert_money(struct money m, const char *text)
{
	char out[MONEY_TEXT_BYTES];

	money_format(m, out);
	assert_string_equal(out, text);
}

/* The reference: multiplication and division as taught at school, in decimal digits
 * (least significant first), sharing no code and no method with money.c. */
static void to_digits(unsigned __int128 v, uint8_t *digits)
{
	for (int i = 0; i < DIGITS; i++, v /= 10)
		digits[i] = (uint8_t)(v % 10);
}

static unsigned __int128 school(
    unsigned __int128 price, uint64_t quantity, uint64_t unit_size)
{
	uint8_t a[DIGITS], b[DIGITS];
	unsigned int product[2 * DIGITS] = {0};
	unsigned __int128 quotient = 0, rest = 0;

	to_digits(price, a);
	to_digits(quantity, b);
	for (int i = 0; i < DIGITS; i++) {
		for (int j = 0; j < DIGITS; j++)
			product[i + j] += (unsigned int)a[i] * b[j];
	}
	for (int i = 0; i + 1 < 2 * DIGITS; i++) {
		product[i + 1] += product[i] / 10;
		product[i] %= 10;
	}
	for (int i = 2 * DIGITS - 1; i >= 0; i--) {
		rest = rest * 10 + product[i];
		quotient = quotient * 10 + rest / unit_size;
		rest %= unit_size;
	}
	if (rest * 2 > unit_size || (rest * 2 == unit_size && quotient % 2 == 1))
		quotient++;
	return quotient;
}

static void test_a_product_is_exact_at_any_size(void **state)
{
	uint64_t seed = 1;

	(void)state;
	for (int i = 0; i < 3000; i++) {
		uint64_t quantity = random_width(&seed);
		uint64_t unit_size = random_width(&seed) | 1;
		/* up to 10^8 dollars a unit, so that the quotient fits 128 bits */
		struct money price = {.pico = (__int128)random_width(&seed) + 1};

		if (i % 3 == 0) /* such as prices have: round and of few digits */
			unit_size = 1024000;
		if (i % 2)
			price.pico = -price.pico;
		struct money got = money_of(quantity, price, unit_size);
		unsigned __int128 want =
		    school((unsigned __int128)(i % 2 ? -price.pico : price.pico),
			quantity, unit_size);

		assert_true(got.pico == (i % 2 ? -(__int128)want : (__int128)want));
	}
}

static void test_the_highest_price_times_the_largest_quantity_is_exact(void **state)
{
	struct money price = parsed("1000000000000000000");

	(void)state;
	/* 10^30 pico x (2^64 - 1) / (2^64 - 1): the product needs 164 bits */
	assert_true(money_of(UINT64_MAX, price, UINT64_MAX).pico == price.pico);
	assert_true(
	    money_of(UINT64_MAX - 1, price, UINT64_MAX).pico ==
	    (__int128)school((unsigned __int128)price.pico, UINT64_MAX - 1, UINT64_MAX));
}

static void test_a_half_goes_to_the_even_pico(void **state)
{
	const struct money one = {.pico = 1};
	const struct money three = {.pico = 3};
	const struct money minus_three = {.pico = -3};

	(void)state;
	assert_true(money_of(1, one, 2).pico == 0);          /* 0.5 */
	assert_true(money_of(1, three, 2).pico == 2);        /* 1.5 */
	assert_true(money_of(5, one, 2).pico == 2);          /* 2.5 */
	assert_true(money_of(1, minus_three, 2).pico == -2); /* -1.5 */
	assert_true(money_of(2, one, 3).pico == 1);
	assert_true(money_of(1, one, 3).pico == 0);
}

static void test_a_sum_too_large_saturates(void **state)
{
	struct money most = {.pico = (__int128)(~(unsigned __int128)0 >> 1)};
	struct money least = {.pico = -most.pico};

	(void)state;
	assert_true(money_add(most, most).pico == most.pico);
	assert_true(money_add(least, least).pico == least.pico);
	assert_true(money_subtract(least, most).pico == least.pico);
	assert_true(money_of(UINT64_MAX, most, 1).pico == most.pico);
	assert_true(money_compare(least, most) < 0);
	assert_true(money_compare(most, least) > 0);
	assert_true(money_compare(most, most) == 0);
}

/* AWS Lambda, x86_64: 1 GB for 1 ms costs 16.6667 nano-dollars. */
static void test_a_millisecond_has_a_price(void **state)
{
	(void)state;
	assert_money(money_of(1024, parsed("0.0000166667"), 1024000), "0.000000016667");
	/* 128 MB on arm64: 1.66667 nano-dollars, so pico-dollars tell 4 digits of it */
	assert_money(money_of(128, parsed("0.0000133334"), 1024000), "0.000000001667");
}

static void test_a_decimal_is_read_to_the_pico(void **state)
{
	(void)state;
	assert_true(parsed("0.0000166667").pico == 16666700);
	assert_true(parsed("-12.5").pico == -12500000000000LL);
	assert_true(parsed("0").pico == 0);
	assert_true(parsed("-0").pico == 0);
	assert_true(parsed("007").pico == 7000000000000LL);
	assert_true(parsed("0.000000000001").pico == 1);
	assert_money(parsed("1000000000000000000"), "1000000000000000000.00");
}

static void test_what_is_no_decimal_is_refused(void **state)
{
	static const char *const bad[] = {"", "-", ".", ".5", "5.", "+1", " 1", "1 ",
	    "1e3", "0x1", "1,5", "1.2.3", "--1", "0.0000000000001", "nan", "inf", "1\n"};
	static const char *const large[] = {"1000000000000000000.000000000001",
	    "1000000000000000001", "-99999999999999999999",
	    "123456789012345678901234567890123456789012345678901234567890"};
	struct money m = {.pico = 42};

	(void)state;
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		assert_int_equal(money_parse(bad[i], &m), -EINVAL);
	for (size_t i = 0; i < sizeof(large) / sizeof(large[0]); i++)
		assert_int_equal(money_parse(large[i], &m), -ERANGE);
	assert_true(m.pico == 42);
}

static void test_it_is_written_with_2_to_12_decimals(void **state)
{
	(void)state;
	assert_money(parsed("12.5"), "12.50");
	assert_money(parsed("0.001234"), "0.001234");
	assert_money(parsed("-0.000000000001"), "-0.000000000001");
	assert_money(parsed("100"), "100.00");
	assert_money(parsed("0.120"), "0.12");
	assert_money((struct money){0}, "0.00");
}

static void test_the_largest_fits_its_text(void **state)
{
	struct money least = {.pico = -(__int128)(~(unsigned __int128)0 >> 1)};

	(void)state;
	assert_money(least, "-170141183460469231731687303.715884105727");
}

static void test_what_is_written_is_read_back(void **state)
{
	uint64_t seed = 2;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		char text[MONEY_TEXT_BYTES];
		struct money m = {
		    .pico = (__int128)random_width(&seed) << random_below(&seed, 30)};
		struct money back;

		m.pico = i % 2 ? -m.pico : m.pico;
		money_format(m, text);
		assert_int_equal(money_parse(text, &back), 0);
		assert_true(back.pico == m.pico);
	}
}

static void assert_rounded(const char *money, int decimals, const char *want)
{
	char out[MONEY_TEXT_BYTES];

	money_format_rounded(parsed(money), decimals, out);
	assert_string_equal(out, want);
}

static void test_for_people_it_is_rounded_half_to_even(void **state)
{
	(void)state;
	assert_rounded("2.733338", 2, "2.73");
	assert_rounded("0.125", 2, "0.12");
	assert_rounded("0.135", 2, "0.14");
	assert_rounded("0.125000000001", 2, "0.13");
	assert_rounded("-0.135", 2, "-0.14");
	assert_rounded("-0.004", 2, "0.00");
	assert_rounded("9.999", 2, "10.00");
	assert_rounded("2.5", 0, "2");
	assert_rounded("3.5", 0, "4");
	assert_rounded("1", 12, "1.000000000000");
}

static void test_splitting_and_adding_back_changes_nothing(void **state)
{
	uint64_t seed = 3;

	(void)state;
	for (int i = 0; i < 10000; i++) {
		struct money a = {.pico = (__int128)random_next(&seed)};
		struct money b = {.pico = (__int128)random_next(&seed)};

		assert_true(money_add(money_subtract(a, b), b).pico == a.pico);
		assert_true(money_scale(a, 7, 7).pico == a.pico);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
	    cmocka_unit_test(test_a_product_is_exact_at_any_size),
	    cmocka_unit_test(test_the_highest_price_times_the_largest_quantity_is_exact),
	    cmocka_unit_test(test_a_half_goes_to_the_even_pico),
	    cmocka_unit_test(test_a_sum_too_large_saturates),
	    cmocka_unit_test(test_a_millisecond_has_a_price),
	    cmocka_unit_test(test_a_decimal_is_read_to_the_pico),
	    cmocka_unit_test(test_what_is_no_decimal_is_refused),
	    cmocka_unit_test(test_it_is_written_with_2_to_12_decimals),
	    cmocka_unit_test(test_the_largest_fits_its_text),
	    cmocka_unit_test(test_what_is_written_is_read_back),
	    cmocka_unit_test(test_for_people_it_is_rounded_half_to_even),
	    cmocka_unit_test(test_splitting_and_adding_back_changes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
