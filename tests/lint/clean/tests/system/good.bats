@test "an error is one" {
	true
}
