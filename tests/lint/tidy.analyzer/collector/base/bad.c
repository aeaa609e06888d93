int bad_read(int flag);

int bad_read(int flag)
{
	int *p = 0;

	return flag ? *p : 0;
}
