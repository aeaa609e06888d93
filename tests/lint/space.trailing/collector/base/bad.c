int bad_sum(int a, int b)
{ 
	return a + b;
}
