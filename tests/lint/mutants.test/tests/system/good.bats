@test "an error is another" {
	true
}
