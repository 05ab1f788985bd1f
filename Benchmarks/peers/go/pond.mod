module peers

go 1.20

require github.com/alitto/pond/v2 v2.7.0
