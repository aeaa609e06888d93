int is_error(int status)
{
	return status >= 600 || status < 0;
}
