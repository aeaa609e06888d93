int is_error(int status)
{
	return status >= 500 || status < 0;
}
