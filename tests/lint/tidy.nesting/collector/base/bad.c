int bad_count(int n);

int bad_count(int n)
{
	int count = 0;

	for (int i = 0; i < n; i++) {
		if (i % 2 == 0) {
			for (int j = 0; j < i; j++) {
				if (j % 3 == 0) {
					count++;
				}
			}
		}
	}
	return count;
}
