package Sessions;

# What tests of sessions do again and again: use one, look at the list, end one.

use v5.36;
use Client;
use Exporter qw(import);

our @EXPORT = qw(status_of list post_page open_row end_session);

# Of a call as a person makes it. An answer that clears the cookie leaves it in place: as one who clings to it.
sub status_of ($client, @headers) {
    my $cookie = $client->session_id;
    my $answer = $client->call_kw('res.partner', 'read', [ [1], ['name'] ], {}, headers => \@headers);

    $client->session_id($cookie) if defined $cookie;
    return $answer->{http}{status};
}

# The module's list, as {sessions => [...], csrf_token => ...}.
sub list ($client, $query = 'state=all') {
    return Client::decode_json($client->get("/audit-admin/sessions?format=json&$query")->{body});
}

# A POST below the module's page, with the token that it wants.
sub post_page ($client, $path, %more) {
    return $client->post_json("/audit-admin$path", { csrf_token => list($client)->{csrf_token}, %more });
}

sub open_row ($client, $login) {
    return (grep { ($_->{login} // '') eq $login } @{ list($client, 'state=open')->{sessions} })[0];
}

# Ends an open session of that login; the status of the answer.
sub end_session ($admin, $login, %more) {
    return post_page($admin, '/sessions/' . open_row($admin, $login)->{reference} . '/revoke', %more)->{status};
}

1;
