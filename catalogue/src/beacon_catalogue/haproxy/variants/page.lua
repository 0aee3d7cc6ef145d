-- The page, made by a script that reads what was sent; and a task that sleeps.
core.register_service("page", "http", function(applet)
    local text = applet.path == "/" and "lua answers\n" or "no such page\n"
    if applet.method == "POST" then
        text = #applet:receive() .. " bytes were sent\n"
    end
    applet:set_status(applet.path == "/" and 200 or 404)
    applet:add_header("content-type", "text/plain")
    applet:add_header("content-length", tostring(#text))
    applet:start_response()
    if applet.method ~= "HEAD" then
        applet:send(text)
    end
end)

core.register_task(function()
    while true do
        core.msleep(200)
        local probe = core.tcp()
        probe:settimeout(1)
        probe:connect("127.0.0.1", 8081)
        probe:close()
    end
end)
